"""Old Word and WPS documents (.doc, .wps, .rtf, .odt) as .docx, by LibreOffice where it is installed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from evaluator.problems.errors import DossierError, Problem
from evaluator.problems.source import Place, SourceText

SECONDS = 60


def _refuse(name: str, code: str, message: str, hint: str) -> DossierError:
    return DossierError([Problem(code, message, Place(SourceText(name, "")), hint)])


def office() -> str | None:
    """The program, if it is installed."""
    return shutil.which("soffice") or shutil.which("libreoffice")


def converted(name: str, data: bytes) -> bytes:
    """The document as .docx. Raises DossierError where that cannot be done."""
    suffix = Path(name).suffix.lower()
    program = office()
    if program is None:
        raise _refuse(
            name,
            "D134",
            f"读 {suffix} 要用 LibreOffice，本机没有安装",
            "用 Word 或 WPS 打开，另存为 .docx",
        )
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / f"document{suffix}"
        source.write_bytes(data)
        # A profile of its own: no macros of the user's, no lock shared with another conversion.
        command = [
            program, f"-env:UserInstallation=file://{folder}/profile", "--headless", "--norestore",
            "--nolockcheck", "--convert-to", "docx", "--outdir", folder, str(source),
        ]  # fmt: skip
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise _refuse(
                name, "D132", f"转换超过 {SECONDS} 秒，已停止", "用 Word 或 WPS 另存为 .docx"
            ) from None
        result = Path(folder) / "document.docx"
        if not result.is_file():
            raise _refuse(name, "D131", "打不开：文件已损坏或有密码", "用 Word 或 WPS 另存为 .docx")
        return result.read_bytes()

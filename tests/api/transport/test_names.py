"""Names are what they look like, and nobody is called as the system is."""

from __future__ import annotations

import pytest

from api.transport.names import wrong_account, wrong_display, wrong_file, wrong_path

SEEN_AS_NOTHING = ["a\u200bb", "a\u202eb", "a\u2066b", "a\x07b", "a\x7fb", "a\ufeffb", "a\u00adb"]
SEEN_AS_NOTHING += ["a\u3164b", "a\u2800b", "a\u2028b", "a\ue000b", "a\ud800b"]


@pytest.mark.parametrize("text", SEEN_AS_NOTHING)
def test_what_is_not_seen_stands_in_no_name(text: str) -> None:
    for wrong in (wrong_account, wrong_display):
        told = wrong(text)
        assert told is not None
        assert "看不见" in told
        assert f"U+{ord(text[1]):04X}" in told
    assert wrong_file(f"{text}.pdf", "文件名")
    assert wrong_path(f"rules/{text}.yaml", "文件名")


@pytest.mark.parametrize(
    "name",
    ["system", "System", "SYSTEM", "sys.tem", "5ystem", "sy5t3m", "系统", "系 统", "ｓｙｓｔｅｍ"],
)
def test_no_account_reads_as_the_system(name: str) -> None:
    assert wrong_account(name)
    assert wrong_display(name)


@pytest.mark.parametrize(
    "name", ["\u0455ystem", "syst\u0435m", "s\u00ffstem", "system\u0301", "系統"]
)
def test_letters_of_other_scripts_do_not_make_it_another_name(name: str) -> None:
    assert wrong_account(name)
    assert wrong_display(name)


@pytest.mark.parametrize(
    "name", ["zhang", "li.wei-2", "王小明", "a@b.cn", "department-ecology", "〇一"]
)
def test_usual_names_are_taken(name: str) -> None:
    assert wrong_account(name) is None
    assert wrong_display(name) is None


def test_people_are_called_what_they_are_called() -> None:
    assert wrong_display("Müller（合资方）") is None
    assert wrong_account("Müller") is not None
    assert wrong_account("ａｂｃ") is not None


def test_files_keep_the_signs_of_chinese_and_lose_the_disguised() -> None:
    assert wrong_file("申报表（盖章）：终稿……第２版.pdf", "文件名") is None
    assert wrong_file("申报表．pdf", "文件名") is not None
    assert wrong_file("a／b.pdf", "文件名") is not None
    assert wrong_path("rules/土地.yaml", "文件名") is None
    assert wrong_path("rules/ｌand.yaml", "文件名") is not None

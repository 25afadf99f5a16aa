"""The interactive description of the API: everything from the service itself, under its own policy."""

from __future__ import annotations

import httpx2
from playwright.sync_api import Page, expect

METHODS = {"get", "put", "post", "delete", "patch"}


def test_an_operation_is_read_and_tried(page: Page, address: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}/docs")
    document = httpx2.get(f"{address}/api/v1/openapi.json").json()
    operations = sum(len(METHODS & path.keys()) for path in document["paths"].values())
    expect(page.locator(".opblock")).to_have_count(operations)
    operation = page.locator(".opblock", has_text="/api/v1/industries").first
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.locator("input[placeholder='q']").fill("食用菌")
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table .response-col_status").last).to_contain_text(
        "200"
    )
    assert all(url.startswith((address, "data:", "blob:")) for url in asked), asked

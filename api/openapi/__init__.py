"""The contract: the OpenAPI document that other systems build on, and what a client reads in it."""

from api.openapi.document import examples_in, install, operation_id

__all__ = ["examples_in", "install", "operation_id"]

"""A language server for rulebooks; needs the extra ``[lsp]``."""

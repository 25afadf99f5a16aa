"""A small OpenID Connect provider, run as a process of its own by the tests.

Discovery, authorization code with PKCE S256, client_secret_basic, RS256. It logs in whoever its
command line names, and can be told to misbehave: ``--wrong nonce|audience|signature|expired``.

    python -m tests.api.oidc_provider PORT '{"sub": "1", "roles": ["committee"]}' [--wrong …]
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
import time
from typing import Any
from urllib.parse import parse_qs, urlencode

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "admission", "the client's secret"


def provider(port: int, claims: dict[str, Any], wrong: str | None) -> FastAPI:
    """The provider's application."""
    issuer = f"http://127.0.0.1:{port}"
    key = RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"})
    forged = RSAKey.generate_key(2048, {"kid": "1"})
    codes: dict[str, dict[str, str]] = {}
    app = FastAPI()

    @app.get("/.well-known/openid-configuration")
    def discovery() -> dict[str, Any]:
        return {
            "issuer": issuer, "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/token", "jwks_uri": f"{issuer}/jwks",
            "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }  # fmt: skip

    @app.get("/jwks")
    def jwks() -> dict[str, Any]:
        return {"keys": [key.as_dict(private=False)]}

    @app.get("/authorize")
    def authorize(request: Request) -> Response:
        asked = dict(request.query_params)
        if asked.get("client_id") != CLIENT or asked.get("code_challenge_method") != "S256":
            return JSONResponse({"error": "invalid_request"}, 400)
        code = f"code-{len(codes)}"
        codes[code] = asked
        answer = urlencode({"code": code, "state": asked["state"]})
        return RedirectResponse(f"{asked['redirect_uri']}?{answer}", 302)

    @app.post("/token")
    async def token(request: Request) -> Response:
        form = {k: v[0] for k, v in parse_qs((await request.body()).decode()).items()}
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        asked = codes.pop(form.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(
            hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        ).decode().rstrip("=")  # fmt: skip
        if request.headers.get("authorization") != f"Basic {basic}":
            return JSONResponse({"error": "invalid_client"}, 401)
        if (
            asked is None
            or asked["code_challenge"] != challenge
            or asked["redirect_uri"] != form["redirect_uri"]
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        body = {
            "iss": issuer, "aud": "another" if wrong == "audience" else CLIENT, "iat": now,
            "exp": now - 3600 if wrong == "expired" else now + 300,
            "nonce": "another" if wrong == "nonce" else asked["nonce"], **claims,
        }  # fmt: skip
        signed = jwt.encode(
            {"alg": "RS256", "kid": "1"}, body, forged if wrong == "signature" else key
        )
        return JSONResponse({"access_token": "x", "token_type": "Bearer", "id_token": signed})

    return app


if __name__ == "__main__":
    wrong = sys.argv[4] if len(sys.argv) > 4 else None
    app = provider(int(sys.argv[1]), json.loads(sys.argv[2]), wrong)
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")

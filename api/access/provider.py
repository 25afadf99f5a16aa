"""Logging in through OpenID Connect: authorization code with PKCE, ID token checked in full.

What must be remembered between the two halves (state, nonce, code verifier) travels in a short-lived
cookie of the browser itself, so that any worker can finish what another began.

Where the ID token does not name the roles they are asked of the userinfo endpoint, which is where
OpenID Connect Core 5.4 has a provider put what a scope asks for when it also gives an access token.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from api.settings import Settings

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]
METADATA_SECONDS = 3600
LEEWAY_SECONDS = 60
TIMEOUT_SECONDS = 10
# The cookie by which the provider knows which login to end; sent to the logout page alone.
HINT, HINT_PATH = "admission_hint", "/logout"


class LoginFailed(Exception):
    """The provider's answer cannot be accepted."""


class ProviderDown(Exception):
    """The provider does not answer."""


@dataclass(frozen=True, slots=True)
class Started:
    """Where to send the browser, and what its cookie must remember."""

    url: str
    memory: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the provider says has logged in; ``id_token`` is what it will know the login by."""

    subject: str
    name: str
    display_name: str
    roles: tuple[str, ...]
    id_token: str


class Provider:
    """One OpenID Connect provider, found by its issuer address."""

    def __init__(self, settings: Settings) -> None:
        if not settings.oidc_issuer or not settings.oidc_client_id:
            raise ValueError("oidc_issuer and oidc_client_id must be set")
        self._issuer = settings.oidc_issuer.rstrip("/")
        self._client_id = settings.oidc_client_id
        secret = settings.oidc_client_secret
        self._secret = secret.get_secret_value() if secret else None
        self._acr = settings.oidc_acr.split()
        self._roles_claim = settings.oidc_roles_claim
        self._scope = settings.oidc_scope
        public = settings.public_url.rstrip("/")
        self.redirect, self.after_logout = f"{public}/api/v1/session/oidc/callback", f"{public}/"
        self._known: tuple[float, dict[str, Any], KeySet] | None = None
        self._lock = threading.Lock()

    def start(self) -> Started:
        """Begin a login. Raises ProviderDown."""
        metadata, _ = self._metadata()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        strength = {"acr_values": " ".join(self._acr)} if self._acr else {}
        with self._client(metadata) as client:
            url, _ = client.create_authorization_url(
                metadata["authorization_endpoint"],
                state=state,
                nonce=nonce,
                code_verifier=verifier,
                **strength,
            )
        return Started(url, json.dumps([state, nonce, verifier]))

    def finish(
        self, memory: str | None, state: str, code: str, issuer: str | None = None
    ) -> Identity:
        """Complete a login; ``issuer`` is what the answer says of itself (RFC 9207).

        Raises LoginFailed or ProviderDown.
        """
        try:
            expected, nonce, verifier = json.loads(memory or "")
        except ValueError:
            raise LoginFailed("登录已超时或不是从本页面开始，请重新登录") from None
        if not secrets.compare_digest(str(expected).encode(), state.encode()):
            raise LoginFailed("登录状态不符，请重新登录")
        if issuer is not None and issuer.rstrip("/") != self._issuer:
            raise LoginFailed("答复不是本系统设置的身份认证服务给出的，请重新登录")
        metadata, _ = self._metadata()
        try:
            with self._client(metadata) as client:
                token = client.fetch_token(
                    metadata["token_endpoint"],
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=verifier,
                    auth=self._basic(client),
                )
        except httpx2.HTTPStatusError as error:
            raise LoginFailed(f"身份认证服务拒绝了登录（{error.response.status_code}）") from None
        except httpx2.HTTPError as error:
            raise ProviderDown(str(error)) from None
        except (AuthlibBaseError, ValueError) as error:
            raise LoginFailed(f"身份认证服务拒绝了登录：{error}") from None
        return self._identity(token, str(nonce), metadata)

    def logout_address(self, id_token: str) -> str | None:
        """Where the browser ends its login at the provider too (RP-Initiated Logout 1.0).

        None where the provider offers no such place or does not answer.
        """
        try:
            metadata, _ = self._metadata()
        except (ProviderDown, LoginFailed):
            return None
        place = metadata.get("end_session_endpoint")
        if not place:
            return None
        asked = {
            "client_id": self._client_id,
            "id_token_hint": id_token,
            "post_logout_redirect_uri": self.after_logout,
        }
        return f"{place}{'&' if '?' in place else '?'}{urlencode(asked)}"

    def _identity(self, token: dict[str, Any], nonce: str, metadata: dict[str, Any]) -> Identity:
        id_token = str(token.get("id_token") or "")
        claims = self._claims(id_token, refresh=False)
        checks = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._client_id},
            azp={"value": self._client_id},
            exp={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            checks.validate(claims)
        except JoseError as error:
            raise LoginFailed(f"身份令牌不可用：{error}") from None
        if self._acr and claims.get("acr") not in self._acr:
            # To ask is no more than a wish (OpenID Connect Core 3.1.2.1): what was done counts.
            raise LoginFailed("身份认证服务没有按要求的强度验证，请用第二重验证重新登录")
        if self._roles_claim not in claims and metadata.get("userinfo_endpoint"):
            claims = {**self._userinfo(metadata, token, str(claims["sub"])), **claims}
        name = str(claims.get("preferred_username") or claims.get("email") or claims["sub"])
        given = claims.get(self._roles_claim) or []
        roles = tuple(str(r) for r in given) if isinstance(given, list) else (str(given),)
        return Identity(
            subject=f"{self._issuer}#{claims['sub']}",
            name=name,
            display_name=str(claims.get("name") or name),
            roles=roles,
            id_token=id_token,
        )

    def _userinfo(
        self, metadata: dict[str, Any], token: dict[str, Any], subject: str
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token.get('access_token', '')}"}
        try:
            with httpx2.Client(timeout=TIMEOUT_SECONDS) as client:
                answer = client.get(metadata["userinfo_endpoint"], headers=headers)
                said = answer.raise_for_status().json()
        except httpx2.HTTPStatusError as error:
            code = error.response.status_code
            raise LoginFailed(f"身份认证服务没有给出用户信息（{code}）") from None
        except httpx2.HTTPError as error:
            raise ProviderDown(str(error)) from None
        except ValueError:
            raise LoginFailed("身份认证服务给出的用户信息无法读取") from None
        if not isinstance(said, dict) or said.get("sub") != subject:
            raise LoginFailed("用户信息与身份令牌说的不是同一个人")
        return said

    def _claims(self, id_token: str, *, refresh: bool) -> dict[str, Any]:
        _, keys = self._metadata(refresh=refresh)
        try:
            return dict(jwt.decode(id_token, keys, algorithms=ALGORITHMS).claims)
        except (JoseError, ValueError) as error:
            if not refresh:
                # The provider may have changed its keys since they were read.
                return self._claims(id_token, refresh=True)
            raise LoginFailed(f"身份令牌的签名不对：{error}") from None

    def _metadata(self, *, refresh: bool = False) -> tuple[dict[str, Any], KeySet]:
        with self._lock:
            now = time.monotonic()
            if not refresh and self._known and now - self._known[0] < METADATA_SECONDS:
                return self._known[1], self._known[2]
            try:
                with httpx2.Client(timeout=TIMEOUT_SECONDS) as client:
                    answer = client.get(f"{self._issuer}/.well-known/openid-configuration")
                    metadata = answer.raise_for_status().json()
                    if str(metadata.get("issuer", "")).rstrip("/") != self._issuer:
                        raise LoginFailed("身份认证服务自称的 issuer 与设置不同")
                    keys = client.get(metadata["jwks_uri"]).raise_for_status().json()
            except (httpx2.HTTPError, ValueError, KeyError) as error:
                raise ProviderDown(str(error)) from None
            self._known = (now, metadata, KeySet.import_key_set(keys))
            return self._known[1], self._known[2]

    def _client(self, metadata: dict[str, Any]) -> OAuth2Client:
        methods = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        post = "client_secret_basic" not in methods and "client_secret_post" in methods
        return OAuth2Client(
            client_id=self._client_id,
            client_secret=self._secret,
            scope=self._scope,
            redirect_uri=self.redirect,
            code_challenge_method="S256",
            timeout=TIMEOUT_SECONDS,
            token_endpoint_auth_method="client_secret_post" if post and self._secret else None,
        )

    def _basic(self, client: OAuth2Client) -> httpx2.BasicAuth | None:
        # RFC 6749 2.3.1 has both parts form-encoded first, which the library leaves undone.
        if client.token_endpoint_auth_method != "client_secret_basic":
            return None
        return httpx2.BasicAuth(quote(self._client_id, safe=""), quote(self._secret or "", safe=""))

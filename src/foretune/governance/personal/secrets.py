"""Passwords, keys and tokens, by the formats their issuers publish.

Sources: the issuers' documentation as collected in gitleaks
(https://github.com/gitleaks/gitleaks/blob/master/config/gitleaks.toml) and
detect-secrets (https://github.com/Yelp/detect-secrets).
"""

from __future__ import annotations

import math
import re
from collections import Counter

from foretune.governance.personal.pattern import Pattern, where
from foretune.types import Severity

__all__ = ["PATTERNS"]

_PLACEHOLDER = re.compile(
    r"[<>{}$\[\]()%]|\.\.\.|…|\*{3}|x{4}|your|example|sample|changeme|placeholder|redacted|password|passwd|secret|token"
    r"|undefined|null|process\.env|12345",
    re.IGNORECASE,
)


def _entropy(text: str) -> float:
    """Shannon entropy in bits a character."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())


def _random(text: str) -> bool:
    """True where the characters look drawn at random and not written by hand as an example."""
    return not _PLACEHOLDER.search(text) and _entropy(text) >= 3.0


def _password(text: str) -> bool:
    """Letters and digits (or signs) mixed, and nothing that stands for a password instead of being one."""
    if _PLACEHOLDER.search(text):
        return False
    kinds = (str.islower, str.isupper, str.isdigit, lambda each: not each.isalnum())
    mixed = sum(any(kind(each) for each in text) for kind in kinds)
    return mixed >= 3 or (mixed == 2 and any(map(str.isdigit, text)) and len(text) >= 8)


def _token(regex: str, what: str, *cues: str) -> Pattern:
    """A format that only one issuer uses."""
    return Pattern(
        "secret",
        re.compile(rf"(?<![\w/-])(?:{regex})(?!\w)"),
        Severity.HIGH,
        what,
        where(lambda text: _entropy(text) >= 3.0),
        cues,
    )


PATTERNS: tuple[Pattern, ...] = (
    Pattern(
        "secret",
        re.compile(
            r"-----BEGIN (?:[A-Z]{2,12} ){0,2}PRIVATE KEY(?: BLOCK)?-----"
            r"(?:[\sA-Za-z0-9+/=:,.\\-]{1,12000}?-----END (?:[A-Z]{2,12} ){0,2}PRIVATE KEY(?: BLOCK)?-----)?"
        ),
        Severity.HIGH,
        "A private key",
        where(),
        ("private key",),
    ),
    _token(r"(?:AKIA|ASIA)[0-9A-Z]{16}", "An Amazon Web Services access key", "akia", "asia"),
    _token(
        r"gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_\w{22,255}",
        "A GitHub token",
        "ghp_",
        "gho_",
        "ghu_",
        "ghs_",
        "ghr_",
        "github_pat_",
    ),
    _token(r"glpat-[\w-]{20,64}", "A GitLab token", "glpat-"),
    _token(r"xox[abeoprs]-[\w-]{10,250}", "A Slack token", "xox"),
    _token(r"https://hooks\.slack\.com/services/T\w{6,14}/B\w{6,14}/\w{20,30}", "A Slack webhook", "hooks.slack.com"),
    _token(r"AIza[\w-]{35}", "A Google API key", "aiza"),
    _token(r"ya29\.[\w-]{20,300}", "A Google access token", "ya29."),
    _token(r"[rs]k_live_[0-9A-Za-z]{16,99}", "A Stripe key", "k_live_"),
    _token(r"sk-(?:ant-|proj-|svcacct-)?[\w-]{20,200}", "A language model's API key", "sk-"),
    _token(r"hf_[A-Za-z0-9]{30,60}", "A Hugging Face token", "hf_"),
    _token(r"npm_[A-Za-z0-9]{36}", "An npm token", "npm_"),
    _token(r"pypi-AgE[\w-]{50,250}", "A PyPI token", "pypi-age"),
    _token(r"SG\.[\w-]{20,24}\.[\w-]{40,50}", "A SendGrid key", "sg."),
    _token(r"dop_v1_[a-f0-9]{64}", "A DigitalOcean token", "dop_v1_"),
    _token(r"eyJ[\w-]{10,2000}\.eyJ[\w-]{10,4000}\.[\w-]{10,1000}", "A signed token (JWT)", "eyj"),
    Pattern(
        "secret",
        re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@]{1,64}:([^\s:/@]{3,64})@[\w.-]{3,200}"),
        Severity.HIGH,
        "A password in an address",
        where(lambda text: not _PLACEHOLDER.search(text), 1),
        ("://",),
        0.9,
        hint=r"://[^\s:/@]+:[^\s:/@]+@",
    ),
    Pattern(
        "secret",
        re.compile(
            r"(?:api|access|auth|client|private|secret)[_ -]?(?:key|token|secret)[\"']?\s{0,3}(?:=|:|is)\s{0,3}[\"']?"
            r"([A-Za-z0-9+/_=.-]{16,200})(?![\w/])",
            re.IGNORECASE,
        ),
        Severity.HIGH,
        "A key or token",
        where(lambda text: _random(text) and any(map(str.isdigit, text)), 1),
        ("key", "token", "secret"),
        0.8,
        hint=r"(?i:api|access|auth|client|private|secret)[_ -]?(?i:key|token|secret)",
    ),
    Pattern(
        "secret",
        re.compile(
            r"\b(?:password|passwd|pwd|passphrase|passcode)[\"']?\s{0,3}(?:=|:| is )\s{0,3}[\"']?([^\s\"'`<,;]{6,64})",
            re.IGNORECASE,
        ),
        Severity.HIGH,
        "A password",
        where(_password, 1),
        ("password", "passwd", "pwd", "passphrase", "passcode"),
        0.7,
        hint=r"(?i:password|passwd|pwd|passphrase|passcode)[\"']?[\s\x1c-\x1f\x{85}\pZ]*(?:=|:|(?i:is) )",
    ),
)

"""The words that make a date, or a promise without one, a statement that time can undo. English.

Patterns that end in ``$`` are held against what stands before a date, the others
against the sentence or what follows the date.
"""

from __future__ import annotations

import re

__all__ = [
    "AMOUNT",
    "ASKS",
    "CONDITION",
    "DEADLINE",
    "IN_FORCE",
    "LIMIT",
    "NEW",
    "NOW",
    "STATE",
    "TO_COME",
]

FILL = (
    r"(?:\s|the|of|on|in|at|by|about|around|approximately|early|mid|late|end|close|beginning|start|middle|midnight"
    r"|noon|spring|summer|fall|autumn|winter|business|cob|eob|month|fiscal|calendar|year|years|fy|school|day|now"
    r"|[-,:*_(\[|~]|monday|tuesday|wednesday|thursday|friday|saturday|sunday|q[1-4]|(?:first|second|third"
    r"|fourth) quarter"
    r"|\d{1,2}(?::\d\d)?\s?(?:am|pm|a\.m\.|p\.m\.)?|et|est|edt|pt|ct)*"
)
LIMIT = re.compile(
    rf"(?P<verb>\b(?:expir(?:es?|ing|ation(?: date)?)|valid|(?:in|remains? in) effect|authorized|good|lapses?"
    rf"|sunsets?|ends?"
    rf"|ending|closes?|closing|terminates?|runs?|extended)\b[^.;|]{{0,25}}?)?"
    rf"(?P<cue>\b(?:until|till|through|thru|up to|expires?|expiring|expiration(?: date)?|ends|ending|closes|closing"
    rf"|lapses|sunsets|terminates|effective through|not to exceed)\b){FILL}$",
    re.IGNORECASE,
)
DEADLINE = re.compile(
    rf"(?P<cue>\b(?:by|no later than|not later than|on or before|before|prior to|due(?: dates?)?(?: on| by| in"
    rf"| throughout)?"
    rf"|deadlines?(?: for [^.;|]{{1,40}})?(?: is| are| was)?|apply by|rsvp(?: by)?|throughout)\b){FILL}$",
    re.IGNORECASE,
)
STATE = re.compile(
    rf"(?P<cue>\b(?:as of|current as of|current through|accurate as of|up[- ]to[- ]date as of|correct as of"
    rf"|at the time of"
    rf" (?:this )?writing|last (?:verified|checked|confirmed))\b){FILL}$",
    re.IGNORECASE,
)
CONDITION = re.compile(
    r"\b(?:hired|born|appointed|started|joined|joins?|created|issued|made|signed|awarded|enrolled|employed|registered"
    r"|existed|exists|built|published|written|separated|contributed|eligible|accrued|earned|submitted|filed|obtained"
    r"|purchased|received|opened|entered|served|worked|sold|granted|who|if|between|since|from|dating)\b[^.;|]{0,30}$",
    re.IGNORECASE,
)
"""Before a limit: it says whom a rule is for, not how long the rule holds ("employees hired before 2014")."""
IN_FORCE = re.compile(
    rf"\b(?:since|effective|as of|starting|beginning|begun|from|after|enacted|dated|signed|version|copyright|©|of|"
    rf"established|founded|launched|passed)\b{FILL}$",
    re.IGNORECASE,
)
TO_COME = re.compile(
    r"\b(?:will|shall|'ll|’ll|upcoming|forthcoming|coming|planned|scheduled|slated|expected|anticipated"
    r"|going to|plans? to"
    r"|tba|tbd|tbc|tk|to be (?:announced|released|determined|decided|published|completed|added|launched"
    r"|rolled out|confirmed))\b",
    re.IGNORECASE,
)
NEW = re.compile(r"\bnew (?:in|for|this)\W{1,4}$", re.IGNORECASE)
ASKS = re.compile(
    r"\b(?:must|please|should|need(?:s)? to|required?|submit|apply|register|complete|sign up|no later than"
    r"|not later than"
    r"|deadlines?|due|have to|has to|make sure|ensure|make a selection|rsvp|enroll)\b",
    re.IGNORECASE,
)
NOW = re.compile(
    r"\b(?:currently|at present|presently|right now|at the moment|at this time|today|now|considers?|is|are|has"
    r"|have|cannot"
    r"|can|limit|maximum|minimum|rate|cap|salary|fee|price|cost)\b",
    re.IGNORECASE,
)
AMOUNT = re.compile(r"[$€£]\s?\d|\d\s?(?:%|percent|hours|days|weeks)\b")
_IN

"""The words that make a date, or a promise without one, a statement that time can undo. English.

Patterns that end in ``$`` are held against what stands before a date, the others
against the sentence or what follows the date.
"""

from __future__ import annotations

import re
from datetime import date

from foretune.evidence.text import any_of

__all__ = [
    "AMOUNT",
    "ASKS",
    "CONDITION",
    "CONDITIONAL",
    "DEADLINE",
    "EDITION",
    "HYPOTHETICAL",
    "IN_FORCE",
    "IN_YEAR",
    "LABEL",
    "LIMIT",
    "NEW",
    "NEWS",
    "NOW",
    "OPENING_YEAR",
    "ORIGIN",
    "OVER",
    "RELATIVE",
    "REPORT",
    "SCHEDULE",
    "SOON",
    "SOON_OF_THE_PAGE",
    "STATE",
    "TO_COME",
]

# Possessive, and no two of its alternatives begin alike: what it cannot pass, it cannot pass in another way either.
FILL = (
    r"(?:\s|the\b|of\b|on\b|in\b|at\b|by\b|about\b|around\b|approximately\b|early\b|mid(?:dle|night)?\b|late\b|end\b"
    r"|close\b|beginning\b|start\b|noon\b|spring\b|summer\b|fall\b|autumn\b|winter\b|business\b|cob\b|eob\b|month\b"
    r"|fiscal\b|calendar\b|years?\b|fy|school\b|day\b|now\b|(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|q[1-4]\b"
    r"|(?:first|second|third|fourth) quarter\b|(?<!\d)\d{1,2}(?::\d\d)?(?!\d)|[ap]\.?m\b\.?|e[sd]?t\b|pt\b|ct\b"
    r"|[-,:*_(\[|~])*+"
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
    r"\b(?:(?:is|are) (?:now |currently |all )?(?:moving|launching|opening|closing|rolling out|migrating|transitioning"
    r"|switching|retiring|replacing|phasing|hiring|piloting|working (?:on|to|toward))"
    r"|will|shall|'ll|’ll|upcoming|forthcoming|coming|planned|scheduled|slated|expected|anticipated|going to|plans? to"
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
IN_YEAR = re.compile(
    r"(?:\b(?:in|for|during)|\()\s*(?:the )?(?:calendar |fiscal |tax |plan |leave )?(?:year )?$", re.IGNORECASE
)
OPENING_YEAR = re.compile(r"[\W_]*(?:in|for|during) (?:the )?(?:fiscal year |calendar year |year )?$", re.IGNORECASE)
EDITION = re.compile(
    r"[^.;|\]\n]{0,60}?\b(?P<noun>"
    + any_of(
        """plans? planning guidance guides? guidelines schedules? calendars? templates? forms? rates? limits? framework
        examples criteria polic(?:y|ies) training handbook budget goals? priorities strategy roadmap benefits? holidays?
        enrollment builder benchmarks? checklist timeline dates okrs? objectives process instructions agenda"""
    )
    + r")\b",
    re.IGNORECASE,
)
REPORT = re.compile(
    r"\b(?:results?|reports?|surveys?|recordings?|videos?|slides?|decks?|presentations?|minutes|notes|recaps?"
    r"|awards?|data"
    r"|cohort|study|research|memo(?:randum)?|act|law|evaluation|audit|executive order|budget(?:ed)? for)\b",
    re.IGNORECASE,
)
"""What is about a year rather than for it keeps being right."""
LABEL = re.compile(r"\[[^\]]*$")
ORIGIN = re.compile(r"\b(?:of|act|law|since)\W*$", re.IGNORECASE)
NEWS = re.compile(
    r", [^.]{2,60}? (?:published|issued|announced|released|updated|introduced|launched|rolled out|posted)\b",
    re.IGNORECASE,
)
SOON = re.compile(
    r"(?P<soon>\bcoming soon\b|\b(?:under|in) (?:active )?(?:construction|development)\b"
    r"|\b(?:in|over|within) the (?:coming|next(?: few| several| couple of)?) (?:weeks?|months?|years?)(?: or so)?\b"
    r"|\b(?:will|to) be (?:\w+ )?(?:added|updated|available|released|published|announced|launched"
    r"|finalized) (?:soon|shortly)\b"
    r"|\b(?:is|are) (?:still )?(?:a )?work in progress\b|^\W*(?:work in progress|WIP|TBD|TBA)\b|\((?:WIP|TBD|TBA)\)"
    r"|\bmore (?:details|information) (?:to come|coming|soon)\b|[-–:|]\s*(?:TBD|TBA)\b|\bstay tuned\b"
    r"|\b(?:finalized|published|announced|released|ready) (?:soon|shortly)\b)",
    re.IGNORECASE,
)
SOON_OF_THE_PAGE = re.compile(
    r"\b(?:this (?:page|document|section|guide|content|handbook|site|article|policy)|coming soon|WIP"
    r"|more (?:details|information))\b",
    re.IGNORECASE,
)
HYPOTHETICAL = re.compile(
    r"\b(?:if|when|whether|ask|asks|questions?|could you|would|you(?:'re|’re)?|your)\b", re.IGNORECASE
)
RELATIVE = re.compile(
    r"(?P<now>\b(?:currently|at present|presently|at this time|at the moment|for now|for the time being|temporarily)\b)"
    r"|(?P<turn>\b(?:later |earlier )?(?:this|next) (?:fiscal year|year|quarter|month|spring|summer|fall|autumn"
    r"|winter)\b)",
    re.IGNORECASE,
)
CONDITIONAL = re.compile(
    r"\b(?:if|when|whether|unless|who|whose|that (?:is|are)|might|may|could|would|ask|any|each|every|they|your?)\b"
    r"|\b(?:this|next) \w+[’']s\b|\?",
    re.IGNORECASE,
)
OVER = (
    # The emergency of international concern ended on 5 May 2023 (World Health Organization), the United States'
    # public health emergency on 11 May 2023 (Department of Health and Human Services): the later counts.
    (
        re.compile(
            r"\b(?:(?:COVID(?:-19)?|coronavirus)(?: \w+){0,2} (?:pandemic|emergency|crisis|situation"
            r"|restrictions|status"
            r"|planning|response|protocols?)|(?:current|ongoing) (?:pandemic|(?:circumstances|situation) (?:of"
            r"|with) COVID[\w-]*))",
            re.IGNORECASE,
        ),
        date(2023, 5, 11),
    ),
)
"""What pages write of as going on, and the day it ended."""
SCHEDULE = re.compile(
    r"\b(?:schedule|calendar|dates?|deadlines?|due|begins?|starts?|end of|ends|must|submit|complete|review"
    r"|opens?|closes?"
    r"|kick-?off|tbd|planned|cycle|period|upcoming|launch|plan)\b",
    re.IGNORECASE,
)

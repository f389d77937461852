"""What is out of date: read from a page without a clock, judged by whoever knows the day.

Hands on statements that hold for a time (:func:`statements`), what pages say of
themselves (:func:`declared`, :func:`banners`, :func:`revisions`), what the corpus says
is gone (:func:`retractions`), which page replaces which (:func:`supersessions`), and
the ages of documents (:func:`written`, :func:`age_profile`).
"""

from foretune.governance.staleness.ages import AgeProfile, Written, age_profile, months_before, written
from foretune.governance.staleness.layout import Line, is_record, lines
from foretune.governance.staleness.notices import Notice, banners, declared, revisions
from foretune.governance.staleness.retractions import Retraction, mentions, retractions, words
from foretune.governance.staleness.timebound import Statement, statements
from foretune.governance.staleness.translated import calendar_words, translated_statements
from foretune.governance.staleness.versions import SKETCH, Supersession, Version, alike, supersessions

__all__ = [
    "SKETCH",
    "AgeProfile",
    "Line",
    "Notice",
    "Retraction",
    "Statement",
    "Supersession",
    "Version",
    "Written",
    "age_profile",
    "alike",
    "banners",
    "calendar_words",
    "declared",
    "is_record",
    "lines",
    "mentions",
    "months_before",
    "retractions",
    "revisions",
    "statements",
    "supersessions",
    "translated_statements",
    "words",
    "written",
]

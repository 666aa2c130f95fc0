"""Exceptions: Sigma filters with an owner and an end that hide matches, and count every one they hide.

A filter file of a rule set is part of its rules and silent. An exception is a decision of people about a running installation: it
is looked at after the match, for its agencies and its time only, and what it hides is told in `Hidden`. Who may decide, and how
decisions are kept, is in `soc.app.exceptions`.
"""

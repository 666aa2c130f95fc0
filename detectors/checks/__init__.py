"""Checks of rules beyond loading: what is allowed and yet can't be meant. `check_rules` gives every issue at once."""

from detectors.checks.fields import FieldBook
from detectors.checks.issue import Issue, IssueSeverity
from detectors.checks.rules import Checked, check_rules

__all__ = ["Checked", "FieldBook", "Issue", "IssueSeverity", "check_rules"]

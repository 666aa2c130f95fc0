"""YARA over files: rules compiled file by file, scanning in a child process, verdicts as alerts."""

"""Indicators of compromise: addresses, networks, domains, URLs and hashes known to be bad, matched exactly and in constant time.

`values` brings every spelling to one form; `reading` takes in files; `warninglists` refuses what would fire on everything; `book` keeps
all of it; `table` answers "could it be one?" for an event; `matcher` asks the book for the rest; `hunting` looks back over the store.
"""

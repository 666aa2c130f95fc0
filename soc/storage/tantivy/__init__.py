"""The parts of the embedded event store: layout of an index, compiling a condition, a day, the open days, the id register, the lock."""

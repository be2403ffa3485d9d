"""The mathematics of signals: pure functions over series, lines, spans and changes; no I/O, no clock, no chance."""

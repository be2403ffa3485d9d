"""Queries that are built, never pasted: values are always quoted, and nothing is sent that does not parse."""

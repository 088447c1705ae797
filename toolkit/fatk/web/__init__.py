"""The service: the same conversion and validation as a web page and an HTTP API, for files that anyone may send.

The process that talks to the network interprets no file: each is read in a process of its own, forked from one that has
everything loaded, with bounds of time and memory, and gone when it has answered. Nothing is written to disk.
"""

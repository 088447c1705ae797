"""A whole country's reports in one go: found, read and checked in processes that may fail, written, and never done twice.

``sources`` finds what is to be read, ``orders`` says what is wanted of each, ``work`` does it, ``child`` is the process that
works and ``hands`` what outlives it, ``cluster`` lends the hands of other machines. ``journal`` remembers what is done,
``places`` says which output is whose, ``run`` puts it together, ``summary`` and ``progress`` tell of it, ``command`` is what
a person types.
"""

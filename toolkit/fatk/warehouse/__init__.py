"""A store of many reports for analysts: Parquet files, one folder a dataset, and a DuckDB database that joins them.

``datasets`` says which columns there are, ``rows`` makes them of what became of a file, ``catalogue`` builds the database,
``readback`` makes reports of a store again and ``chains`` runs the rules that need two of them. Needs the extra ``warehouse``.
"""

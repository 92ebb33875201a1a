"""What psycopg takes of memory where Dagster is imported: `python -m benchmarks.driver`.

Prints how many MB its import takes, and how many more its first connection.
"""

import os

import dagster as dg

from benchmarks.clock import megabytes_of

if __name__ == "__main__":
    assert dg.__version__
    before = megabytes_of(os.getpid())
    import psycopg

    imported = megabytes_of(os.getpid())
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        connection.execute("SELECT 1").fetchall()
    print(imported - before, megabytes_of(os.getpid()) - imported)

"""What a team would write instead: each script reads both marts and uploads them.

drt uploads JSON, the others CSV. None of them checks a row, finds a delta or keeps a ledger. Each
takes the database, the sink's address and the rows of a file from the environment, as `rivals.job`
reads them.
"""

"""The comparison of a mart's rows with what Metrica has of them, by id and hash.

Reads `seen_<mart>` (`_id`, `_hash`), `known_<mart>` and `verdicts_<mart>`.
"""

from metrica_export.warehouse.connection import Attached


def compare(wh: Attached, mart: str) -> None:
    """Make `compared_<mart>`, and `changed_<mart>`: the ids of which a row is to be judged.

    A duplicated id is always judged: which of its rows is right, nobody can say here.
    """
    wh.run(
        f"""
        create or replace table compared_{mart} as
        select
            s._id,
            k._hash is not distinct from s._hash and k._id is not null as _is_same,
            s._hash is null
                or ((k._hash is distinct from s._hash or k._undecided) and v._id is null)
                as _is_changed
        from seen_{mart} s
        left join known_{mart} k on k._id = s._id
        left join verdicts_{mart} v
            on v._id = s._id and v._hash = s._hash and v._state = 'rejected'
        """
    )
    wh.run(
        f"""
        create or replace table changed_{mart} as
        select distinct _id from compared_{mart} where _is_changed
        union
        select _id from seen_{mart} group by _id having count(*) > 1
        """
    )


def compare_nothing(wh: Attached, mart: str) -> None:
    """Make the same tables for a mart of which nothing is known: all of it is new."""
    wh.run(f"create or replace table compared_{mart} (_id text, _is_same boolean)")
    wh.run(f"create or replace table changed_{mart} (_id text)")
    wh.run(f"create or replace table kept_{mart} as from verdicts_{mart}")


def keep_verdicts(wh: Attached, mart: str, *, beyond: bool) -> None:
    """Make `kept_<mart>`: the verdicts that still stand; with `beyond`, of rows not seen too."""
    wh.run(
        f"""
        create or replace table kept_{mart} as
        select v.*
        from verdicts_{mart} v left join seen_{mart} s on s._id = v._id
        where v._id is not null
            and v._id not in (select _id from changed_{mart} where _id is not null)
            and case
                when s._id is null then {str(beyond).lower()}
                else v._state = 'rejected' and v._hash = s._hash
                    and not exists (
                        from known_{mart} k where k._id = s._id and k._hash = s._hash
                    )
            end
        """
    )


def count_unchanged(wh: Attached, mart: str) -> tuple[int, int, int]:
    """Return how many verdicts are kept, how many of them of rows seen, and unchanged rows."""
    kept, kept_seen, same = wh.row(
        f"""
        select
            (select count(*) from kept_{mart}),
            (select count(*) from kept_{mart} where _id in (select _id from seen_{mart})),
            (
                select count(*) from compared_{mart}
                where _is_same
                    and _id not in (select _id from changed_{mart} where _id is not null)
            )
        """
    )
    return kept, kept_seen, same


def with_since(mart: str, verdicts: str) -> str:
    """Return the query of verdicts with `_since`, NULL for rows that had none before.

    A row without an id is known by its hash.
    """
    key = "coalesce('id:' || _id, 'hash:' || _hash, '')"
    return (
        f"select v.*, b._since from ({verdicts}) v left join "
        f"(select {key} as _key, min(_since) as _since from verdicts_{mart} "
        "where _state <> 'pending' group by all) b "
        f"on b._key = {key.replace('_id', 'v._id').replace('_hash', 'v._hash')}"
    )

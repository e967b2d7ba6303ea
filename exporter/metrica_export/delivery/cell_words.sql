-- The words of a chunk's cells that Metrica's reason may repeat.
with words as (
    select unnest(regexp_extract_all(lower(concat_ws(' ', {{ columns }})), '[a-z]+')) as _word
    from ({{ cells }}) as cells
)

select distinct words._word
from words
cross join (select unnest({{ said }}) as said) as reason
where contains(reason.said, words._word) or starts_with(words._word, reason.said)

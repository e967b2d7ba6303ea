-- The words of a chunk's cells that Metrica's reason may repeat.
with words as (
    select unnest(regexp_extract_all(lower(concat_ws(' ', {{ columns }})), '[a-z]+')) as _word
    from ({{ cells }}) as cells
)

select distinct _word
from words
where list_bool_or(
    list_transform(?, lambda said: contains(said, _word) or starts_with(_word, said))
)

-- The words in a chunk's cells that Metrica's reason may repeat.
with words as (
    select unnest(regexp_extract_all(lower(concat_ws(' ', {{ columns }})), '[a-z]+')) as _word
    from ({{ cells }}) as cells
)

select distinct words._word
from words
cross join (select unnest({{ reason_words }}) as reason_word) as reason
where contains(reason.reason_word, words._word) or starts_with(words._word, reason.reason_word)

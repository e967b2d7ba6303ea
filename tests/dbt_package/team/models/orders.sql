select
    'not a row of Metrica' as id,
    cast(null as text) as row_hash

select {{ columns }}
from {{ staged }} as s
left join (
    select *
    from {{ delivered_state }}
    {% if is_bounded %}
    where _row between {{ first }} and {{ last }}
    {% endif %}
) as p on s.rowid = p._row
{% if has_path %}
left join (
    select *
    from {{ steps }}
    {% if is_bounded %}
    where _row between {{ first }} and {{ last }}
    {% endif %}
) as t on s.rowid = t._row
{% endif %}
where
    -- Not `not exists`: DuckDB first collects the distinct places of all staged rows for it.
    s.rowid not in (
        select _row
        from {{ problems }}
        {% if is_bounded %}
        where _row between {{ first }} and {{ last }}
        {% endif %}
    )
    {% if is_bounded %}
    and s.rowid between {{ first }} and {{ last }}
    {% endif %}
    {% if is_limited %}
    and s.rowid in (select _row from {{ selected }})
    {% endif %}
    {% if has_path and wave > 1 %}
    and {{ steps_left }} >= 0
    {% endif %}
    {% if is_grouped %}
    and {{ group_bits }} = {{ filled }}
    {% endif %}
    {% if has_pile %}
    and {{ in_pile }}
    {% endif %}

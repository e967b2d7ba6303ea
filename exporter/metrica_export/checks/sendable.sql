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
    not exists (
        select 1
        from {{ problems }} as x
        where
            x._row = s.rowid
            {% if is_bounded %}
            and x._row between {{ first }} and {{ last }}
            {% endif %}
    )
    {% if is_bounded %}
    and s.rowid between {{ first }} and {{ last }}
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

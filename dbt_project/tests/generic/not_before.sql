{% test not_before(model, column_name, date) %}
    select {{ column_name }}
    from {{ model }}
    where {{ column_name }} < cast('{{ date }}' as date)
{% endtest %}

{% test unique_combination(model, columns) %}
    {{ repeated_keys(model, columns, may_be_null=true) }}
{% endtest %}

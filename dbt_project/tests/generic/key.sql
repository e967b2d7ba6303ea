{% test key(model, column_name=none, columns=none) %}
    {{ repeated_keys(model, columns or [column_name], may_be_null=false) }}
{% endtest %}

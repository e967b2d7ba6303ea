select
    cast(coalesce(sum(
        cast('0x' || substr(md5(concat_ws(' ', _id, _hash, _status)), 1, 15) as bigint)
    ), 0) as text) as checksum
from ({{ rows }}) as sendable

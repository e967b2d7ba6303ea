select stage, count(*) as deals from {{ ref('raw_deals') }} group by stage

"""Servers, warehouses and marts that tests start and fill."""

"""Tests of the room `index`. What every engine must do is in the `test_contract_*` files."""

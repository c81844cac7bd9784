"""How are generated files of this checkout made? Nothing here is shipped."""

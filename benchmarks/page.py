"""Writes tables into pages."""


def put(text: str, page: str, mark: str) -> str:
    """Returns a page with a text between a mark and its end."""
    before, _, rest = page.partition(f"<!-- {mark} -->")
    after = rest.partition(f"<!-- /{mark} -->")[2]
    return f"{before}<!-- {mark} -->\n{text}\n<!-- /{mark} -->{after}"

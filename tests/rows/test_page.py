from tests.rows.page import PAGE, page


async def test_the_page_of_providers_says_what_the_program_does() -> None:
    assert PAGE.read_text() == await page(), "write it anew: python -m tests.rows.page"

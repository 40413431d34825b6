"""What the checks find is shown with its values."""

import pytest

pytest.register_assert_rewrite("tests.outages.checks")

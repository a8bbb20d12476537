"""Blocks of lines and their order."""

import io

from hypothesis import example, given, settings
from hypothesis import strategies as st

from graphgov.cardinal.lines import Block, blocks, in_order


def numbers(block: Block) -> list[tuple[int, bytes]]:
    return list(block.numbered())


@settings(derandomize=True, deadline=None, max_examples=200)
@example(b"", 1)
@example(b"\n", 1)
@example(b"a\r\nb\r\n", 2)
@example(b"a\n\nb", 1)
@given(st.text("ab\r\n", max_size=30).map(str.encode), st.integers(1, 9))
def test_every_line_is_in_one_block_with_its_number(text, size):
    expected = [
        (number, line.removesuffix(b"\n").removesuffix(b"\r"))
        for number, line in enumerate(io.BytesIO(text), 1)
    ]
    found = [pair for block in blocks(io.BytesIO(text), size) for pair in block.numbered()]
    assert found == expected


def test_answers_come_in_the_order_of_the_lines_from_two_processes():
    text = b"".join(b"%d\n" % number for number in range(400))
    made = list(blocks(io.BytesIO(text), 64))
    assert len(made) > 10
    found = [pair for answer in in_order(numbers, iter(made)) for pair in answer]
    assert found == [(n + 1, b"%d" % n) for n in range(400)]


def test_no_more_blocks_are_read_than_are_worked_on():
    read = 0

    def source():
        nonlocal read
        for number in range(50):
            read += 1
            yield Block(number + 1, b"x\n")

    answers = in_order(numbers, source())
    next(answers)
    assert read < 8
    answers.close()
    assert read < 8

"""A check of one's own, for use_case.yaml: called with the fields of each answer, in a sandbox."""


def check(fields):
    """What is wrong with a sample; None where nothing is."""
    if fields["question"].strip() == fields["reason"].strip():
        return "the reason is the question again"
    return None

"""Who there is: organisations that own seals, and the people who act for them.

    >>> house.parties.add_person(handle="li.lei", name="李雷", actor="keeper").handle
    'li.lei'
    >>> house.parties.add_organization(credit_code="91350100M000100Y43", name="某局", actor="li.lei").name
    '某局'

Refuses to know what anybody may do: the rules stand beside what they are about. Nobody proves here who they are.
"""

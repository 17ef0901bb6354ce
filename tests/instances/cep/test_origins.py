"""How the published files become the tables that are read; the real ones are compared by their digests."""

from __future__ import annotations

from io import BytesIO

import openpyxl
from fairbound.instances.cep.origins import DATA, national, new_york

HEADER = (
    "state,District Code,District Name,School Code,School Name,individual_isp,proxy_isp,claiming_isp,"
    "participating_in_cep,total_enrolled,total_eligible\r\n"
)


def test_the_states_are_put_together() -> None:
    """Names lose blanks at their ends, codes do not; rows without students or with empty counts fall out."""
    north = (
        HEADER + 'xn,01 ,"Hill, Upper ",7,Dot School  ,40.00%,,72.67%,Y,10,4\r\nxn,01,Hill,8,None Enrolled,,,,N,0,0\r\n'
    )
    south = "\ufeff" + HEADER + "xs,02,Dale,NA,East\t,,,,N,30,9\r\nxs,02,Dale,9,West,10%,,,N,30,\r\n"
    assert national([north.encode(), south.encode()]).decode() == (
        "state,district_code,district_name,school_code,school_name,isp_percent,in_cep,enrolled,identified\n"
        'xn,01 ,"Hill, Upper",7,Dot School,40.00%,Y,10,4\n'
        "xs,02,Dale,,East,,N,30,9\n"
    )


def test_new_yorks_sheet_becomes_a_table() -> None:
    book = openpyxl.Workbook()
    sheet = book.create_sheet("School Data")
    for row in (
        [None, None, None, "Projected Annual Meals"],
        [],
        ["School", "Enrollment", "Identified Student Count", "Breakfast", "Lunch"],
        ["01019", 268, 114, 13744.25, 0],
        ["01664", 0, 0, 3732.5, 1],
        ["31622", 519, 301.5, 7, 8.25],
    ):
        sheet.append(row)
    with BytesIO() as stream:
        book.save(stream)
        made = new_york([stream.getvalue()]).decode()
    assert made == "School,N,E,B,L\n1019,268.0,114.0,13744.25,0.0\n31622,519.0,301.5,7.0,8.25\n"


def test_every_address_is_of_one_commit() -> None:
    for file in DATA:
        for part in file.parts:
            assert part.address.startswith("https://raw.githubusercontent.com/")
            assert len(part.address.split("/")[5]) == 40
            assert len(part.sha256) == 64
    assert len({part.sha256 for file in DATA for part in file.parts}) == 52

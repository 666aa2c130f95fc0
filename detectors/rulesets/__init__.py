"""The life of a set of rules: imported, compared, activated, rolled back, swapped under a running stream.

tree        rule files of a folder or a ZIP, read safely
describe    what each rule says of itself, without compiling it
importing   filters, refusals and the content hash of a set
library     versions on disk, by the hash of their content
meaning     what a compiled rule means, whatever its wording
diff        what differs between two sets
service     who imported and activated what; the way back
live        a detector whose rules change while its memory stays
"""

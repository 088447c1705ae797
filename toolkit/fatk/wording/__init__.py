"""The sentences of narratives as data, which read and write them: figures and text cannot drift apart.

``schemas/wording`` has one wording an edition. Nothing here knows what a report is: values are told by paths.
"""

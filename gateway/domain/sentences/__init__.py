"""The closed table of problem texts (RFC 9457, `detail` and `detail_vi`): Vietnamese first, English beside it.

A sentence has named places in braces, the same in both languages: `{largest}`. Vietnamese may leave out a place whose
text is English only (the description in a schema). Places take codes and words of the configuration and of the
contract, never a value or an identifier of a person. Every new sentence is added to a module of this package: an
error takes no other text.
Terms are those of the glossary and of the decrees: khai thác, không thống nhất, thỏa thuận chia sẻ dữ liệu.
"""

# ruff: noqa: F403 -- the modules are parts of one table, in which a test allows no name twice
from gateway.domain.sentences.access import *
from gateway.domain.sentences.bodies import *
from gateway.domain.sentences.dossiers import *
from gateway.domain.sentences.log import *
from gateway.domain.sentences.logins import *
from gateway.domain.sentences.people import *
from gateway.domain.sentences.policy import *
from gateway.domain.sentences.prefill import *
from gateway.domain.sentences.sentence import BothWords as BothWords
from gateway.domain.sentences.sentence import Sentence as Sentence
from gateway.domain.sentences.sentence import WrongText as WrongText
from gateway.domain.sentences.sentence import listed as listed
from gateway.domain.sentences.sentence import titled as titled
from gateway.domain.sentences.stores import *

"""Words by which answers are read: commands of LaTeX, folders, tags."""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """The words of `text`."""
    return frozenset(text.split())


# Commands of LaTeX that begin with the letter of an escape; those with \b need no list.
COMMANDS = words(
    """
    fbox fcolorbox flat flushleft flushright fontsize footnote footnotesize forall frac frak frame framebox frown
    nRightarrow nLeftarrow nabla natural ncong ne nearrow neg neq nequiv newcommand newline newpage nexists ngeq
    ngtr ni nleftarrow nleq nless nmid noindent nolimits nonumber normalsize not notin nparallel nprec nrightarrow
    nsim nsubset nsubseteq nsucc nsupset nsupseteq nthroot nu nvdash nwarrow raggedright raise raisebox rangle
    rbrace rbrack rceil ref renewcommand restriction rfloor rgroup rho right rightarrow rightarrowtail
    rightharpoonup rightleftharpoons rightrightarrows risingdotseq rm rmfamily rmoustache root rotatebox rtimes rule
    rvert rVert tag tan tanh tau tbinom text textbf textbackslash textcolor textdegree texteuro textit textmd
    textnormal textquotedbl textrm textsc textsf textstyle textsubscript textsuperscript texttt textup textwidth
    tfrac tfrak thead therefore theta thickapprox thicksim thinspace thispagestyle tilde times tiny title to top
    toprule triangle triangledown triangleleft trianglelefteq triangleq triangleright tt ttfamily twoheadrightarrow
    ulcorner underbrace underbar underleftarrow underline underset undertilde unlhd unrhd unit uparrow updownarrow
    uplus uparrow upalpha upbeta uppercase upharpoonright upmu uppi upsilon upuparrows urcorner url usepackage uline
    varepsilon varnothing varphi varpi varpropto varrho varsigma vartheta vartriangle vbox vcenter vdash vdots vec
    vee verb vert vline vphantom vskip vspace xi xrightarrow xleftarrow xmapsto
    """
)
# Those whose letters after the first are words, or may be, and begin a line: "\ne poi", "\tan apple", "\nless".
DOUBTFUL = words(
    """
    nabla ncong ne neg nexists ngeq ni nleq nless nmid not nparallel nprec nsim nsubset nsucc nu tag tan tanh tau thead
    to top tt
    """
)
VALUES = words("nabla nu tan tau")  # of those, what may follow a word: "the frequency \\nu"
# Names of folders and files after whose first letter no word is left: "C:\new" is no line that begins with "ew".
FOLDERS = words(
    """
    bin build backup file files fonts new news node nodejs node_modules notes nginx npm null tmp temp test tests tools
    tasks templates target raw reports resources results release releases root readme repo repos runs users user usr
    utils ui
    """
)
WORDS_TOO = words("node tasks test")  # of those, what may be a word after a tab or a line end: "Ann\\tasks"
# Tags around an answer, or that mean nothing: those of chat templates and of HTML.
NO_THOUGHTS = words(
    """
    answer answers output response reply result results final final_answer solution conclusion persona json object
    data relation problem sample text html body p div span b i u em strong pre code br hr ul ol li h1 h2 h3 h4 table
    section article s bos eos pad unk assistant model tool_call function tool_response
    """
)

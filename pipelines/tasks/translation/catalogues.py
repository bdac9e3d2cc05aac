"""The catalogues of the sample: compiled ones of gettext, English to Turkish, in published packages."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Package:
    """A package, and the catalogues in its archive."""

    name: str
    version: str
    licence: str
    catalogues: dict[str, str]
    """Path -> SHA-256."""


PACKAGES = {
    "django": Package("Django", "5.2.19", "BSD-3-Clause", {
        "django/conf/locale/tr/LC_MESSAGES/django.mo":
            "b87d94bbcd5741a41ea22cc4fb97941c86daf95d4cafbab5b2618777402e83b9",
        "django/contrib/admin/locale/tr/LC_MESSAGES/django.mo":
            "fccaf80703a16cd0a896930e34b85d317923364f1d519931519a7861c83bb4aa",
        "django/contrib/admin/locale/tr/LC_MESSAGES/djangojs.mo":
            "ced121523a73bfb2a0589280aadf6ef82d39d2681b028d4821ca980d637ee785",
        "django/contrib/admindocs/locale/tr/LC_MESSAGES/django.mo":
            "2f5881b0d1aaa9f74d919666be79c107e1f1a200209e0c216a763515879fbde1",
        "django/contrib/auth/locale/tr/LC_MESSAGES/django.mo":
            "22c743874808e703ac732ed7013ee4832e8408946791cb8ce5bc661dba63919d",
        "django/contrib/flatpages/locale/tr/LC_MESSAGES/django.mo":
            "a4f346ca57c6f12d22048e0e3596e4cb7576439006f8cd678e9dbbb45ae18597",
        "django/contrib/gis/locale/tr/LC_MESSAGES/django.mo":
            "e4428cb5e153d165c669cc179d1b7911a934d246ed626aac924b82836ac6bf27",
        "django/contrib/humanize/locale/tr/LC_MESSAGES/django.mo":
            "0f80a130b135533f76d4d205fce7b5bcd9180067d1a50b82f3100d170b65ca01",
        "django/contrib/postgres/locale/tr/LC_MESSAGES/django.mo":
            "859da9c6460d386138057fbe4260e5cea5f14f6d601da3c603a0a65c3383ce12",
    }),
    "wagtail": Package("wagtail", "8.0.1", "BSD-3-Clause", {
        "wagtail/admin/locale/tr/LC_MESSAGES/django.mo":
            "e06b9c3e37d26efe8205bb4fefecc61b3ee8010b96e7cbcdc49a98d1c6b120a5",
        "wagtail/admin/locale/tr/LC_MESSAGES/djangojs.mo":
            "a1e850245a1a979fa0152ecc4500d366ff98e89a85d58b9fd42488fc3aa21ccd",
        "wagtail/contrib/forms/locale/tr/LC_MESSAGES/django.mo":
            "7505b35fbf2f1597bd31eb872e2b9308131415b7b6e12c4468da7a645ef4718c",
        "wagtail/contrib/redirects/locale/tr/LC_MESSAGES/django.mo":
            "94ac1d58184058f83cb5b9834af664a45ff2b0ade901d5c13e19a0969afce75a",
        "wagtail/contrib/search_promotions/locale/tr/LC_MESSAGES/django.mo":
            "ba9fa7e3210a9dcaf3aec51d58b28b34bf929ea90313644dbbe37755ef7ff653",
        "wagtail/contrib/simple_translation/locale/tr/LC_MESSAGES/django.mo":
            "ccd3f2c2e8b09b6e37b1fa7ba7996acc9d4c8a4423e7f6c8eb5c9b808b9afe51",
        "wagtail/contrib/styleguide/locale/tr/LC_MESSAGES/django.mo":
            "b53f1cbbe2b40ab48f6e43b31cfadd40012eac6a50504726f0f89b9376a8731b",
        "wagtail/contrib/table_block/locale/tr/LC_MESSAGES/django.mo":
            "8b94b821024c611636aa396a8fcaf4272046528eabdd2fcd5a79fc01a991fd24",
        "wagtail/documents/locale/tr/LC_MESSAGES/django.mo":
            "adbe9dafb829aa7ee5a3c83b566e3b88693db147ed6f2f1da7ce6dfd9a635773",
        "wagtail/embeds/locale/tr/LC_MESSAGES/django.mo":
            "f09d5720db79329ce5d0bb65abb600cae31ca608db128b9ae0eb49b6ac4d462c",
        "wagtail/images/locale/tr/LC_MESSAGES/django.mo":
            "99bef3ddffb83c6cad95b47a601750231ec067d7a1197dd44f1b10fe766f4522",
        "wagtail/locale/tr/LC_MESSAGES/django.mo":
            "8e8b5b508b7f4d29aeb49245c6b0bb5211a8b70651bf00d0f6cc0455532b6d22",
        "wagtail/locales/locale/tr/LC_MESSAGES/django.mo":
            "354774fa9769189a124fc02476f92bcc0733b614edf53f83b6c7916bf26b3e78",
        "wagtail/sites/locale/tr/LC_MESSAGES/django.mo":
            "312d343f9779432e6d2ab3267ed1356b44d437f7d6524fb6858de48b04dc3dbb",
        "wagtail/snippets/locale/tr/LC_MESSAGES/django.mo":
            "05cab78f69d551db9161d58cac4288288a859c865de0384941d73c98d97d8b07",
        "wagtail/users/locale/tr/LC_MESSAGES/django.mo":
            "4d3637fb5765417ef1ba928b2ce6d7dc777fc2703da426ae9413b22eea4f5124",
    }),
    "django-cms": Package("django-cms", "5.1.3", "BSD-3-Clause", {
        "cms/locale/tr/LC_MESSAGES/django.mo":
            "99f4f7811a1666eac846f05b72a86fdbc49aa65e3dca8b4576e2d1349d2f9f07",
    }),
    "sphinx": Package("Sphinx", "9.0.4", "BSD-2-Clause", {
        "sphinx/locale/tr/LC_MESSAGES/sphinx.mo":
            "f13c3c66efe572654942f74fae96ddefc45b7eacee40441638e035c476d4cf99",
    }),
    "pretix": Package("pretix", "2026.8.0", "Apache-2.0 (its catalogues)", {
        "pretix/locale/tr/LC_MESSAGES/django.mo":
            "75eb0a27b9cdf41ee2cc267ae195be1c911cfa37fb311ef4905bc3a73cc7b71e",
        "pretix/locale/tr/LC_MESSAGES/djangojs.mo":
            "7ddd02bb61b070a12781ba450addb9097f53ac996884be048f097a857fe26bd5",
    }),
    "weblate": Package("Weblate", "5.14.3", "GPL-3.0-or-later", {
        "weblate/locale/tr/LC_MESSAGES/django.mo":
            "38999d2a9a3ccc9c22a3e06e1ba2d4a96d653199477889d84cfccc7b4fc3a637",
        "weblate/locale/tr/LC_MESSAGES/djangojs.mo":
            "3340a17dc3ccbdc0a636e2093b2702f8ceba62f0920bea898d59e95baa3c1f55",
    }),
    "jupyterlab": Package("jupyterlab-language-pack-tr-TR", "4.5.post3", "BSD-3-Clause", {
        "jupyterlab_language_pack_tr_TR/locale/tr_TR/LC_MESSAGES/jupyterlab.mo":
            "bbacfd70fef2a125a25a7c82309486d20d355bfdc3cb2092134bc9a044074eae",
        "jupyterlab_language_pack_tr_TR/locale/tr_TR/LC_MESSAGES/jupyterlab_git.mo":
            "8ce3be688142eff00d5cccfcd4c7d171c843134adf239e46504d937992684a69",
        "jupyterlab_language_pack_tr_TR/locale/tr_TR/LC_MESSAGES/jupyterlab_spreadsheet_editor.mo":
            "9e86f1527c8aba6584c72a06894e197328350f60391c7a8ea5c467fc52f7c17b",
        "jupyterlab_language_pack_tr_TR/locale/tr_TR/LC_MESSAGES/jupyterlab_tour.mo":
            "4b5491e7dda0f74b0e8cf097898152e3e51c69981f7c0623e5ead9b2333ec838",
        "jupyterlab_language_pack_tr_TR/locale/tr_TR/LC_MESSAGES/retrolab.mo":
            "abdf2d9467a84fa2742a185428db3e08901734fbd5493c2149dc6cdbd92a7a31",
        "jupyterlab_language_pack_tr_TR/locale/tr_TR/LC_MESSAGES/spellchecker.mo":
            "8042da74129a2f38d17e40c50964e093a03ef73dd5c1b5e4870e112ec047f130",
    }),
}  # fmt: skip

// Entry of a classroom screen.
import { languageTag } from '../../words/language';

document.documentElement.lang = languageTag;

// Entry of a classroom screen: a code once, then the screen, for weeks.

import { keepAwake } from '../../media/awake';
import { languageTag } from '../../words/language';
import './classroom.css';
import { kept } from './credential';
import { showPairing } from './pairing';
import { showScreen } from './screen';
import { fullScreenOnTouch, hidePointer, reloadAtNight } from './upkeep';
import { text } from './words';

document.documentElement.lang = languageTag;
document.title = `同堂 · ${text.page}`;

const place = document.getElementById('classroom') as HTMLElement;
let close: () => void = () => undefined;

function pair(notice: string): void {
  close();
  document.body.classList.add('pairing');
  close = showPairing(place, notice, enter);
}

function enter(credential: string): void {
  close();
  document.body.classList.remove('pairing');
  close = showScreen(place, credential, {
    revoked() {
      kept.forget();
      // After the present event: the screen must not be taken down while it draws.
      setTimeout(() => pair(text.revoked));
    },
    newCode: () => pair(''),
  });
}

const credential = kept.credential();
if (credential === null) pair('');
else enter(credential);

keepAwake();
fullScreenOnTouch();
hidePointer();
reloadAtNight(() => document.querySelector('[data-layout="waiting"]') !== null);

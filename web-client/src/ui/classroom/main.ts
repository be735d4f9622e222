// Entry of a classroom screen: paired once, then the screen, for weeks.

import { keepAwake } from '../../media/awake';
import { languageTag } from '../../words/language';
import { setTitle } from '../../words/title';
import './classroom.css';
import { kept } from './credential';
import { showPairing } from './pairing';
import { showScreen } from './screen';
import { showUnpaired } from './unpaired';
import { fullScreenOnTouch, hidePointer, reloadAtNight } from './upkeep';
import { text } from './words';

document.documentElement.lang = languageTag;
setTitle(text.page);

const place = document.getElementById('classroom') as HTMLElement;
let close: () => void = () => undefined;

/** Nobody has paired the screen: it shows its code. A lesson's code does as well. */
function wait(notice: string): void {
  close();
  document.body.classList.remove('pairing');
  close = showUnpaired(place, { notice, paired: enter, typeCode });
}

function typeCode(first: string): void {
  close();
  document.body.classList.add('pairing');
  close = showPairing(place, { notice: '', first, done: enter, back: () => wait('') });
}

/** Another code, typed over a screen that goes on until the code is accepted. */
function pairAgain(present: string): void {
  if (document.body.classList.contains('pairing')) return;
  const closeScreen = close;
  const back = () => {
    document.body.classList.remove('pairing');
    close = closeScreen;
  };
  const closePad = showPairing(place, {
    notice: '',
    back,
    done(credential) {
      back();
      // The same screen in another lesson: the server tells it so.
      if (credential !== present) enter(credential);
    },
  });
  close = () => {
    closePad();
    closeScreen();
  };
  document.body.classList.add('pairing');
}

function enter(credential: string): void {
  close();
  document.body.classList.remove('pairing');
  close = showScreen(place, credential, {
    revoked() {
      kept.forget();
      // After the present event: the screen must not be taken down while it draws.
      setTimeout(() => wait(text.revoked));
    },
    newCode: () => pairAgain(credential),
  });
}

const credential = kept.credential();
if (credential === null) wait('');
else enter(credential);

keepAwake();
fullScreenOnTouch();
hidePointer();
reloadAtNight(
  () =>
    document.querySelector('[data-layout="waiting"], .unpaired') !== null &&
    !document.body.classList.contains('pairing'),
);

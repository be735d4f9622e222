// Entry of the desk pages and the teacher's page.
import { createRoot } from 'react-dom/client';
import { languageTag } from '../../words/language';
import { App } from './App';
import { Broken } from './Broken';
import { startRouter } from './router';
import './shell.css';

document.documentElement.lang = languageTag;
startRouter();
const place = document.getElementById('app');
if (place) {
  createRoot(place).render(
    <Broken>
      <App />
    </Broken>,
  );
}
